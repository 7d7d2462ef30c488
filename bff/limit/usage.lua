-- Returns what is used and reserved in the current window.
-- KEYS: a hash {no, used, reserved}. ARGV: the window's length in ms.
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local h = redis.call("HMGET", KEYS[1], "no", "used", "reserved")
if tonumber(h[1] or -1) ~= math.floor(now / ARGV[1]) then return {0, 0} end
return {tonumber(h[2]), tonumber(h[3])}
