-- Reserves tokens in the current window of every rate, or in none. A window is a number: the time divided by its length.
-- KEYS: a hash {no, used, reserved} of each rate. ARGV: tokens, then quota and length in ms of each rate.
-- Returns 0 and the window numbers; or the refusing rate's index (from 1), and the ms until its window ends.
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local tokens, reply, sets = tonumber(ARGV[1]), {0}, {}
for i = 1, #KEYS do
  local quota, length = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local no = math.floor(now / length)
  local h = redis.call("HMGET", KEYS[i], "no", "used", "reserved")
  local used, reserved = 0, 0
  if tonumber(h[1] or -1) == no then used, reserved = tonumber(h[2]), tonumber(h[3]) end
  local rest = (no + 1) * length - now
  if used + reserved + tokens > quota then return {i, rest} end
  sets[i] = {no, used, reserved + tokens, rest}
  reply[i + 1] = no
end
for i, s in ipairs(sets) do
  redis.call("HSET", KEYS[i], "no", s[1], "used", s[2], "reserved", s[3])
  redis.call("PEXPIRE", KEYS[i], s[4])
end
return reply
