-- Gives back what was just taken from a counter; never below nothing, never into a window that has ended.
-- KEYS: the counter. ARGV: how many.
local count = tonumber(redis.call("GET", KEYS[1]) or 0)
if count <= 0 then return 0 end
if count <= tonumber(ARGV[1]) then return redis.call("DEL", KEYS[1]) end
return redis.call("DECRBY", KEYS[1], ARGV[1])
