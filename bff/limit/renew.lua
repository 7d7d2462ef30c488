-- Renews leases; also those that Redis has lost, or that were given while it could not be reached.
-- KEYS: a sorted set of leases by the time they end. ARGV: life in ms, leases.
local time = redis.call("TIME")
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
for i = 2, #ARGV do redis.call("ZADD", KEYS[1], ends, ARGV[i]) end
return redis.call("PEXPIRE", KEYS[1], ARGV[1])
