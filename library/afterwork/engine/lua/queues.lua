#!lua flags=no-writes
-- What waits and runs. Returns per queue {name, suspects, oldest due ms or -1 among suspects, kinds};
-- kind: {kind, waiting, due, running, succeeded, failed, cancelled, oldest due age in ms or -1}.
local at = now()

local function age(key)
  local first = call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return first[2] and tonumber(first[2]) <= at and at - first[2] or -1
end

local queues = {}
for _, queue in ipairs(call('SMEMBERS', QUEUES)) do
  local kinds = {}
  for _, kind in ipairs(call('HKEYS', LANES .. queue)) do
    local due, oldest = 0, -1
    for level in pairs(HEAD_START_MS) do
      local lane = lane_key(queue, kind, level)
      due = due + call('ZCOUNT', lane, '-inf', at)
      oldest = math.max(oldest, age(lane))
    end
    local counts = {}
    for i, state in ipairs({ 'waiting', 'running', 'succeeded', 'failed', 'cancelled' }) do
      counts[i] = call('ZCARD', index_key(queue, kind, state))
    end
    kinds[#kinds + 1] = { kind, counts[1], due, counts[2], counts[3], counts[4], counts[5], oldest }
  end
  queues[#queues + 1] = { queue, call('ZCARD', SUSPECTS .. queue), age(SUSPECTS .. queue), kinds }
end
return queues
