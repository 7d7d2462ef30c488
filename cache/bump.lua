-- Changes epochs and tells the replicas.
-- KEYS: the scope's hash. ARGV: channel, node, scope, "soft" or "hard", fields.
-- Publishes and returns "node scope prev seq field soft hard ...".
local time = redis.call("TIME")
local seq = time[1] * 1000000 + time[2]
local function number(v) return string.format("%.0f", v) end
local prev = tonumber(redis.call("HGET", KEYS[1], "seq") or 0)
seq = math.max(seq, prev + 1)
local old = {}
for i = 5, #ARGV do
  local v = redis.call("HGET", KEYS[1], ARGV[i])
  if v then
    local s, h = string.match(v, "^(%d+),(%d+)$")
    old[i] = tonumber(h)
    seq = math.max(seq, s + 1, h + 1)
  end
end
local message = {ARGV[2], ARGV[3], number(prev), number(seq)}
for i = 5, #ARGV do
  local hard = number(seq)
  if ARGV[4] == "soft" and old[i] then hard = number(old[i]) end
  redis.call("HSET", KEYS[1], ARGV[i], number(seq) .. "," .. hard)
  message[#message+1] = ARGV[i]
  message[#message+1] = number(seq)
  message[#message+1] = hard
end
redis.call("HSET", KEYS[1], "seq", number(seq))
message = table.concat(message, " ")
redis.call("PUBLISH", ARGV[1], message)
return message
