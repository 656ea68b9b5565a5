-- Storing a new job.

-- When a new job is due. clock_name: what `ms` counts from, delay (now) or at (1970).
local function due_of(clock_name, ms, at)
  if clock_name == 'delay' then return at + ms end
  return math.max(at, tonumber(ms))
end

local function first_record(job, at)
  local at_text = text(at)
  local fields = {
    'queue', job.queue, 'kind', job.kind, 'level', job.level, 'state', 'waiting', 'version', '1', 'state_version', '1',
    'created', at_text, 'due', text(job.due), 'attempt', '0', 'claims', '0', 'deaths', '0', 'max_attempts', job.max_attempts,
    'timeout', job.timeout, 'durability', job.durability,
  }
  job.options.first = job.due > at and 'scheduled' or ''
  for name, value in pairs(job.options) do
    if value ~= '' then
      fields[#fields + 1] = name
      fields[#fields + 1] = value
    end
  end
  return fields
end

-- Store a new job among the waiting, all but its payload. job.options: further fields of its record. Both have '' for what
-- there is not. Of jobs that are alike the first has its record written and the others get copies,
-- which saves 4 µs a job.
local function accept(job, id, at)
  local options = job.options
  job.id, job.version = id, 1
  if job.alike then
    call('COPY', JOB .. job.alike, JOB .. id)
  else
    call('HSET', JOB .. id, unpack(first_record(job, at)))
    job.alike = id
    job.lane, job.index = lane_key(job.queue, job.kind, job.level), index_key(job.queue, job.kind, 'waiting')
    job.change = change_of(job, job.due > at and 'scheduled' or 'queued', at)
  end
  if options.unique ~= '' then call('SET', unique_key(options.owner, job.kind, options.unique), id) end
  if options.start_before ~= '' then try('ZADD', START_BEFORE, options.start_before, id) end
  for tag in each_tag(options.tags) do try('ZADD', TAG .. tag, at, id) end
  if options.follow_ups ~= '' then call('SET', THEN .. id, job.following) end
  add(job.lane, job.due, id)
  add(job.index, at, id)
  changes[#changes + 1] = id .. job.change
end

-- Make a queue and its kind known, and wake a worker, after jobs were accepted for them.
local function announce(queue, kind)
  call('SADD', QUEUES, queue)
  call('HSETNX', LANES .. queue, kind, '')
  wake(queue)
end
