-- Storing a new job.

-- When a new job is due. clock_name: what `ms` counts from, delay (now) or at (1970).
local function due_of(clock_name, ms, at)
  if clock_name == 'delay' then return at + ms end
  return math.max(at, tonumber(ms))
end

-- Store a new job among the waiting. options: further fields of its record. Both have '' for what there is not.
local function accept(job, options, at)
  local at_text = text(at)
  options.first = job.due > at and 'scheduled' or ''
  local fields = {
    'queue', job.queue, 'kind', job.kind, 'level', job.level, 'state', 'waiting', 'version', '1', 'state_version', '1',
    'created', at_text, 'due', text(job.due), 'attempt', '0', 'claims', '0', 'deaths', '0', 'max_attempts', job.max_attempts,
    'timeout', job.timeout, 'durability', job.durability,
  }
  for name, value in pairs(options) do
    if value ~= '' then
      fields[#fields + 1] = name
      fields[#fields + 1] = value
    end
  end
  call('HSET', JOB .. job.id, unpack(fields))
  if options.unique ~= '' then call('SET', unique_key(options.owner, job.kind, options.unique), job.id) end
  if options.start_before ~= '' then call('ZADD', START_BEFORE, options.start_before, job.id) end
  for tag in each_tag(options.tags) do call('ZADD', TAG .. tag, at, job.id) end
  if options.follow_ups ~= '' then call('SET', THEN .. job.id, job.following) end
  if job.payload ~= '' then call('SET', PAYLOAD .. job.id, job.payload) end
  add(lane_key(job.queue, job.kind, job.level), job.due, job.id)
  add(index_key(job.queue, job.kind, 'waiting'), at, job.id)
  job.version = 1
  announce_change(job, job.due > at and 'scheduled' or 'queued', at)
end

-- Make a queue and its kind known, and wake a worker, after jobs were accepted for them.
local function announce(queue, kind)
  call('SADD', QUEUES, queue)
  call('HSETNX', LANES .. queue, kind, '')
  wake(queue)
end
