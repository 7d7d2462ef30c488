-- Says that a replica is alive, and counts those that are.
-- KEYS: a sorted set of replicas by when they were last heard of. ARGV: replica, ms until one counts as gone.
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call("ZADD", KEYS[1], now, ARGV[1])
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now - ARGV[2])
return redis.call("ZCARD", KEYS[1])
