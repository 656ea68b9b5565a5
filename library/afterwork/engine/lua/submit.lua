#!lua
-- Store new jobs, each whole or not at all; a neighbour's refusal does not matter.
-- ARGV: durability, then per job: id queue kind level delay|at milliseconds max_attempts timeout
--       owner unique idempotency body tags start_before retention payload        ('' where there is none)
-- Returns per job {verdict, id, created, due, now}: stored · same · duplicate · mismatch.
local WIDTH = 16
local at = tick()

local function refusal(id, kind, owner, unique, idempotency, body)
  local known = call('HMGET', JOB .. id, 'created', 'due')
  if known[1] then return { 'same', id, known[1], known[2], at } end
  if idempotency ~= '' then
    local first = call('GET', IDEMPOTENCY .. idempotency)
    if first then
      local first_body, first_id = string.match(first, '^(%S+) (.+)$')
      return { first_body == body and 'same' or 'mismatch', first_id, 0, 0, at }
    end
  end
  local holder = unique ~= '' and call('GET', unique_key(owner, kind, unique))
  if holder then return { 'duplicate', holder, 0, 0, at } end
  return nil
end

local function store(job, options)
  call('HSET', JOB .. job.id, 'queue', job.queue, 'kind', job.kind, 'level', job.level, 'state', 'waiting',
    'version', 1, 'state_version', 1, 'created', at, 'due', job.due, 'attempt', 0, 'claims', 0, 'deaths', 0,
    'max_attempts', job.max_attempts, 'timeout', job.timeout, 'durability', ARGV[1])
  for name, value in pairs(options) do
    if value ~= '' then call('HSET', JOB .. job.id, name, value) end
  end
  if options.unique ~= '' then call('SET', unique_key(options.owner, job.kind, options.unique), job.id) end
  if options.start_before ~= '' then call('ZADD', START_BEFORE, options.start_before, job.id) end
  for tag in each_tag(options.tags) do call('ZADD', TAG .. tag, at, job.id) end
  call('SET', PAYLOAD .. job.id, job.payload)
  call('ZADD', lane_key(job.queue, job.kind, job.level), job.due, job.id)
  call('ZADD', index_key(job.queue, job.kind, 'waiting'), at, job.id)
end

local verdicts, woken, accepted = {}, {}, 0
for i = 2, #ARGV, WIDTH do
  local id, queue, kind, level, clock_name, ms, max_attempts, timeout,
    owner, unique, idempotency, body, tags, start_before, retention, payload = unpack(ARGV, i, i + WIDTH - 1)
  local refused = refusal(id, kind, owner, unique, idempotency, body)
  if refused then
    verdicts[#verdicts + 1] = refused
  else
    local due = clock_name == 'delay' and at + ms or math.max(at, tonumber(ms))
    store(
      {
        id = id, queue = queue, kind = kind, level = level, due = due,
        max_attempts = max_attempts, timeout = timeout, payload = payload,
      },
      {
        owner = owner, unique = unique, tags = tags, start_before = start_before, retention = retention,
        first = due > at and 'scheduled' or '',
      }
    )
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
