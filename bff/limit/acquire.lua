-- Leases one of a bounded number, unless all are out. Leases that were not renewed are taken back first.
-- KEYS: a sorted set of leases by the time they end. ARGV: lease, bound (0: none), life in ms.
-- Returns 1 for a lease, else 0.
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now)
local bound = tonumber(ARGV[2])
if bound > 0 and redis.call("ZCARD", KEYS[1]) >= bound then return 0 end
redis.call("ZADD", KEYS[1], now + ARGV[3], ARGV[1])
redis.call("PEXPIRE", KEYS[1], ARGV[3])
return 1
