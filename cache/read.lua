-- Reads epochs, making those that are missing and raising those that are older than what the caller knows.
-- KEYS: the scope's hash. ARGV: field, soft, hard of each. Returns the sequence, then soft, hard of each.
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local function number(v) return string.format("%.0f", v) end
local seq, moved, reply = redis.call("HGET", KEYS[1], "seq"), false, {}
for i = 1, #ARGV, 3 do
  local soft, hard = tonumber(ARGV[i+1]), tonumber(ARGV[i+2])
  local v = redis.call("HGET", KEYS[1], ARGV[i])
  if v then
    local s, h = string.match(v, "^(%d+),(%d+)$")
    s, h = tonumber(s), tonumber(h)
    if soft > s or hard > h then
      s, h, moved = math.max(s, soft), math.max(h, hard), true
      redis.call("HSET", KEYS[1], ARGV[i], number(s) .. "," .. number(h))
    end
    soft, hard = s, h
  else
    hard = math.max(now, soft + 1, hard + 1)
    soft = hard
    redis.call("HSET", KEYS[1], ARGV[i], number(soft) .. "," .. number(hard))
  end
  reply[#reply+1] = number(soft)
  reply[#reply+1] = number(hard)
end
if not seq or moved then
  seq = number(math.max(now, tonumber(seq or 0) + 1))
  redis.call("HSET", KEYS[1], "seq", seq)
end
table.insert(reply, 1, seq)
return reply
