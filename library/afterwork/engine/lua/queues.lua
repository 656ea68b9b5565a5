#!lua flags=no-writes
-- What waits and runs, suspects included, and what is paused and limited. Returns per queue {name, suspects, 1 if it is
-- paused, kinds}; kind: {kind, waiting, due, running, succeeded, failed, cancelled, oldest due age in ms or -1, 1 if it is
-- paused, max_running or '', max_per_second or '', 1 if an operator has set these}.
-- parts: parts/limits
local at = now()

local function age(key)
  local first = try('ZRANGE', key, 0, 0, 'WITHSCORES') or {}
  return first[2] and tonumber(first[2]) <= at and at - first[2] or -1
end

-- The due suspects of a queue, per kind: how many, and the greatest age in ms.
local function suspects_of(queue)
  local found = {}
  local members = try('ZRANGE', SUSPECTS .. queue, 0, LIST_CANDIDATES - 1, 'WITHSCORES') or {}
  for i = 1, #members, 2 do
    local kind, due = try('HGET', JOB .. members[i], 'kind'), tonumber(members[i + 1])
    if kind and due <= at then
      local one = found[kind] or { count = 0, age = 0 }
      found[kind] = { count = one.count + 1, age = math.max(one.age, at - due) }
    end
  end
  return found
end

local queues = {}
for _, queue in ipairs(call('SMEMBERS', QUEUES)) do
  local kinds, suspects, limits = {}, suspects_of(queue), read_limits(queue)
  for _, kind in ipairs(call('HKEYS', LANES .. queue)) do
    local own = suspects[kind] or { count = 0, age = -1 }
    local due, oldest = own.count, own.age
    for level in pairs(HEAD_START_MS) do
      local lane = lane_key(queue, kind, level)
      due = due + count_of('ZCOUNT', lane, '-inf', at)
      oldest = math.max(oldest, age(lane))
    end
    local counts = {}
    for i, state in ipairs({ 'waiting', 'running', 'succeeded', 'failed', 'cancelled' }) do
      counts[i] = count_of('ZCARD', index_key(queue, kind, state))
    end
    local max_running, rate, by_operator = limits_of(limits, kind)
    kinds[#kinds + 1] = {
      kind, counts[1], due, counts[2], counts[3], counts[4], counts[5], oldest, limits['paused:' .. kind] and 1 or 0,
      tostring(max_running or ''), tostring(rate or ''), by_operator and 1 or 0,
    }
  end
  queues[#queues + 1] = { queue, count_of('ZCARD', SUSPECTS .. queue), limits.paused and 1 or 0, kinds }
end
return queues
