-- Replaces a reservation by what was used, where its window is still open; a window that has ended is left alone.
-- KEYS: a hash {no, used, reserved} of each rate. ARGV: reserved tokens, used tokens, window number of each rate.
for i = 1, #KEYS do
  local h = redis.call("HMGET", KEYS[i], "no", "used", "reserved")
  if tonumber(h[1] or -1) == tonumber(ARGV[i + 2]) then
    redis.call("HSET", KEYS[i], "used", tonumber(h[2]) + ARGV[2], "reserved", math.max(0, tonumber(h[3]) - ARGV[1]))
  end
end
return 1
