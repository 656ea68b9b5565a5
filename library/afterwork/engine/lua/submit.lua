#!lua
-- Store new jobs, each whole or not at all; a neighbour's refusal does not matter.
-- ARGV: durability, then per job: id queue kind level delay|at milliseconds max_attempts timeout unique idempotency body payload
-- Returns per job {verdict, id, created, due, now}: stored · same · duplicate · mismatch.
local WIDTH = 12
local at = now()

local function refusal(id, kind, unique, idempotency, body)
  local known = call('HMGET', JOB .. id, 'created', 'due')
  if known[1] then return { 'same', id, known[1], known[2], at } end
  if idempotency ~= '' then
    local first = call('GET', IDEMPOTENCY .. idempotency)
    if first then
      local first_body, first_id = string.match(first, '^(%S+) (.+)$')
      return { first_body == body and 'same' or 'mismatch', first_id, 0, 0, at }
    end
  end
  local holder = unique ~= '' and call('GET', UNIQUE .. kind .. ':' .. unique)
  if holder then return { 'duplicate', holder, 0, 0, at } end
  return nil
end

local function store(id, queue, kind, level, due, max_attempts, timeout, unique, payload, durability)
  call('HSET', JOB .. id, 'queue', queue, 'kind', kind, 'level', level, 'state', 'waiting', 'version', 1,
    'created', at, 'due', due, 'attempt', 0, 'claims', 0, 'deaths', 0,
    'max_attempts', max_attempts, 'timeout', timeout, 'durability', durability)
  if unique ~= '' then
    call('HSET', JOB .. id, 'unique', unique)
    call('SET', UNIQUE .. kind .. ':' .. unique, id)
  end
  call('SET', PAYLOAD .. id, payload)
  call('ZADD', lane_key(queue, kind, level), due, id)
  call('ZADD', index_key(queue, kind, 'waiting'), at, id)
end

local verdicts, woken, accepted = {}, {}, 0
for i = 2, #ARGV, WIDTH do
  local id, queue, kind, level, clock, ms, max_attempts, timeout, unique, idempotency, body, payload =
    unpack(ARGV, i, i + WIDTH - 1)
  local refused = refusal(id, kind, unique, idempotency, body)
  if refused then
    verdicts[#verdicts + 1] = refused
  else
    local due = clock == 'delay' and at + ms or math.max(at, tonumber(ms))
    store(id, queue, kind, level, due, max_attempts, timeout, unique, payload, ARGV[1])
    if idempotency ~= '' then
      call('SET', IDEMPOTENCY .. idempotency, body .. ' ' .. id, 'PX', IDEMPOTENCY_MS)
    end
    if not woken[queue .. ' ' .. kind] then
      woken[queue .. ' ' .. kind] = true
      call('SADD', QUEUES, queue)
      call('HSETNX', LANES .. queue, kind, '')
      wake(queue)
    end
    accepted = accepted + 1
    verdicts[#verdicts + 1] = { 'stored', id, at, due, at }
  end
end
if accepted > 0 then call('HINCRBY', LEDGER, 'accepted', accepted) end
return verdicts
