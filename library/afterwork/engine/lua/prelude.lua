-- What all scripts share. `scripts.py` puts the key names and times of `keys.py` above it as locals.
local call = redis.call

-- Milliseconds by Redis' clock. CLOCK_OFFSET is 0 except under the tests' loader.
local function clock()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000) + CLOCK_OFFSET
end

-- Our time, which never goes back: Redis' clock, and after that was set back, `ahead` of it, which shrinks from `since`.
-- last: the latest time by which anything was written. If that is half a lease ago, Redis was away or its clock was set
-- forward, and ours takes the occasion to catch up.
local function our_time(raw, last, ahead, since, lease)
  local at = raw + ahead
  if ahead == 0 then return math.max(at, last) end
  if at - last >= lease / 2 then return math.max(raw, last) end
  return math.max(at - math.min(ahead, math.floor(math.max(0, at - since) / CLOCK_SLEW)), last)
end

local function read_pulse()
  local pulse = call('HMGET', PULSE, 'last', 'ahead', 'since', 'lease', 'heard', 'holds')
  for i = 1, 6 do pulse[i] = tonumber(pulse[i] or 0) end
  return unpack(pulse)
end

local function write_pulse(at, raw, ahead, ...)
  call('HSET', PULSE, 'last', at, ...)
  if at - raw ~= ahead then call('HSET', PULSE, 'ahead', at - raw, 'since', at) end
end

-- For those who only read.
local function now() return our_time(clock(), read_pulse()) end

-- For those who write it down: nobody will be told an earlier time any more.
local function tick()
  local raw = clock()
  local last, ahead, since, lease = read_pulse()
  local at = our_time(raw, last, ahead, since, lease)
  write_pulse(at, raw, ahead)
  return at
end

local function lane_key(queue, kind, level) return LANE .. queue .. ':' .. kind .. ':' .. level end

local function index_key(queue, kind, state) return INDEX .. queue .. ':' .. kind .. ':' .. state end

-- The sorted set in which a live job stands.
local function place(job)
  if job.suspect then return SUSPECTS .. job.queue end
  return lane_key(job.queue, job.kind, job.level)
end

local function wake(queue)
  if call('LLEN', WAKE .. queue) == 0 then call('LPUSH', WAKE .. queue, 1) end
end

local FIELDS = {
  'queue', 'kind', 'level', 'state', 'created', 'due', 'started', 'attempt', 'claims', 'deaths',
  'max_attempts', 'timeout', 'worker', 'token', 'cancel', 'owner', 'unique', 'suspect', 'version', 'state_version',
  'tags', 'start_before', 'retention', 'checkpoint', 'reported', 'follow_ups',
}

-- The record as a table, absent fields false; nil if there is no such job.
local function read(id)
  local values = call('HMGET', JOB .. id, unpack(FIELDS))
  if not values[1] then return nil end
  local job = { id = id }
  for i, name in ipairs(FIELDS) do job[name] = values[i] end
  return job
end

local function unique_key(owner, kind, unique) return UNIQUE .. owner .. ':' .. kind .. ':' .. unique end

-- Tell whoever listens. It is a hint: a user who may not publish must not break a transition in its middle.
local function tell(channel, message) redis.pcall('PUBLISH', channel, message) end

-- Write fields (flat list), count the change and tell who follows the job.
local function write(job, ...)
  job.version = job.version + 1
  call('HSET', JOB .. job.id, 'version', job.version, ...)
  tell(CHANGED .. job.id, job.version .. ' ' .. job.state)
end

-- The same together with a new state; the version that begins it is kept.
local function enter(job, state, ...)
  call('ZREM', index_key(job.queue, job.kind, job.state), job.id)
  call('ZADD', index_key(job.queue, job.kind, state), job.created, job.id)
  job.state, job.state_version = state, job.version + 1
  write(job, 'state', state, 'state_version', job.state_version, ...)
end

local function append(job, ...)
  local key = HISTORY .. job.id
  call('RPUSH', key, table.concat({ job.attempt, ... }, '\n'))
  call('LTRIM', key, -HISTORY_ENTRIES, -1)
end

-- Append the attempt that ends now to the history. after: the state that the next write enters, or scheduled or queued.
-- error: a problem document, a bare code, or empty.
local function remember(job, at, after, error)
  append(job, job.started, at, job.worker, job.state_version, job.version + 1, after, error)
end

-- The same for a state that was entered at this time and version and ended no attempt, so that it is not forgotten.
local function mark(job, at, version, state, error) append(job, '', at, '', '', version, state, error) end

-- What becomes of a job that is put back.
local function state_after(job, due, at)
  if job.cancel then return 'cancelled' end
  return due > at and 'scheduled' or 'queued'
end

-- Keep what the handler reported; the next write counts as the change. lines: age in ms, level and text in turn.
local function note(job, at, progress, lines)
  local version = job.version + 1
  if progress ~= '' then call('HSET', JOB .. job.id, 'progress', version .. '\n' .. progress) end
  for i = 1, #lines, 3 do
    call('RPUSH', LOG .. job.id, table.concat({ version, at - lines[i], lines[i + 1], lines[i + 2] }, '\n'))
  end
  if #lines > 0 then call('LTRIM', LOG .. job.id, -LOG_LENGTH, -1) end
end

-- Each tag of a record's field.
local function each_tag(tags) return string.gmatch(tags or '', '[^\n]+') end

-- When a new job is due. clock_name: what `ms` counts from, delay (now) or at (1970).
local function due_of(clock_name, ms, at)
  if clock_name == 'delay' then return at + ms end
  return math.max(at, tonumber(ms))
end

-- Store a new job among the waiting. options: further fields of its record. Both have '' for what there is not.
local function accept(job, options, at)
  options.first = job.due > at and 'scheduled' or ''
  call('HSET', JOB .. job.id, 'queue', job.queue, 'kind', job.kind, 'level', job.level, 'state', 'waiting',
    'version', 1, 'state_version', 1, 'created', at, 'due', job.due, 'attempt', 0, 'claims', 0, 'deaths', 0,
    'max_attempts', job.max_attempts, 'timeout', job.timeout, 'durability', job.durability)
  for name, value in pairs(options) do
    if value ~= '' then call('HSET', JOB .. job.id, name, value) end
  end
  if options.unique ~= '' then call('SET', unique_key(options.owner, job.kind, options.unique), job.id) end
  if options.start_before ~= '' then call('ZADD', START_BEFORE, options.start_before, job.id) end
  for tag in each_tag(options.tags) do call('ZADD', TAG .. tag, at, job.id) end
  if options.follow_ups ~= '' then call('SET', THEN .. job.id, job.following) end
  if job.payload ~= '' then call('SET', PAYLOAD .. job.id, job.payload) end
  call('ZADD', lane_key(job.queue, job.kind, job.level), job.due, job.id)
  call('ZADD', index_key(job.queue, job.kind, 'waiting'), at, job.id)
end

-- Make a queue and its kind known, and wake a worker, after jobs were accepted for them.
local function announce(queue, kind)
  call('SADD', QUEUES, queue)
  call('HSETNX', LANES .. queue, kind, '')
  wake(queue)
end

local function drop_lease(job)
  call('ZREM', LEASES .. job.queue, job.id)
  call('DEL', LOCK .. job.id)
end

local function extend(job, lease_end, at)
  call('ZADD', LEASES .. job.queue, lease_end, job.id)
  call('ZADD', place(job), lease_end, job.id)
  call('SET', LOCK .. job.id, job.token, 'PX', lease_end - at)
end

-- ARQ's result envelope; body is JSON already and is never decoded here.
local function envelope(job, success, body, at)
  return table.concat({
    '{"t":', job.attempt, ',"f":', cjson.encode(job.kind), ',"a":[],"k":{},"et":', job.created,
    ',"s":', success and 'true' or 'false', ',"st":', job.started or at, ',"ft":', at,
    ',"q":', cjson.encode(job.queue), ',"id":', cjson.encode(job.id), ',"r":', body, '}',
  })
end

-- End the job for good: succeeded, failed or cancelled.
local function settle(job, state, body, at)
  call('ZREM', place(job), job.id)
  if call('EXISTS', PAYLOAD .. job.id) == 1 then call('RENAME', PAYLOAD .. job.id, ENDED_PAYLOAD .. job.id) end
  call('SET', RESULT .. job.id, envelope(job, state == 'succeeded', body, at))
  if job.unique then
    local key = unique_key(job.owner or '', job.kind, job.unique)
    if call('GET', key) == job.id then call('DEL', key) end
  end
  if job.start_before then call('ZREM', START_BEFORE, job.id) end
  if job.checkpoint and state == 'succeeded' then call('DEL', CHECKPOINT .. job.id) end
  if job.follow_ups and state == 'succeeded' then call('DEL', THEN .. job.id) end
  enter(job, state, 'finished', at)
  call('ZADD', EXPIRY, at + (job.retention or KEEP_MS[state]), job.id)
end

-- Whether the job should have been started by now and never was.
local function is_expired(job, at)
  return job.start_before and tonumber(job.claims) == 0 and at > tonumber(job.start_before)
end

-- Put a job that ran back among the waiting; a request to cancel that came meanwhile wins.
local function put_back(job, due, attempt, at)
  if job.cancel then return settle(job, 'cancelled', PROBLEM['cancelled'], at) end
  call('ZADD', place(job), due, job.id)
  enter(job, 'waiting', 'due', due, 'attempt', attempt)
  wake(job.queue)
end

-- The worker died under the job: bad luck once, a suspect the second time, the culprit the third.
local function bury(job, at)
  local deaths = job.deaths + 1
  local is_last = deaths >= MAX_DEATHS and not job.cancel
  remember(job, at, is_last and 'failed' or state_after(job, tonumber(job.due), at), 'worker-lost')
  drop_lease(job)
  call('HDEL', JOB .. job.id, 'token')
  call('HSET', JOB .. job.id, 'deaths', deaths)
  if is_last then
    return settle(job, 'failed', PROBLEM['worker-lost'], at)
  end
  if deaths == MAX_DEATHS - 1 and not job.suspect then
    call('ZREM', place(job), job.id)
    call('HSET', JOB .. job.id, 'suspect', 1)
    job.suspect = '1'
  end
  put_back(job, job.due, job.attempt - 1, at)
end

-- Note that somebody was heard; returns the time, and until when lapsed leases hold all the same.
-- If nobody was for half a lease, Redis itself was away or frozen, or its clock was set forward, and everyone must be
-- able to renew first.
local function hear(lease)
  local raw = clock()
  local last, ahead, since, _, heard, holds = read_pulse()
  local at = our_time(raw, last, ahead, since, lease)
  if heard > 0 and math.max(at, raw + ahead) - heard >= lease / 2 then holds = at + lease end
  write_pulse(at, raw, ahead, 'lease', lease, 'heard', at, 'holds', holds)
  return at, holds
end

-- Take back jobs of the queue whose leases have lapsed, one batch a call; returns how many.
local function take_back(queue, at, holds)
  local lapsed = call('ZRANGEBYSCORE', LEASES .. queue, '-inf', at, 'LIMIT', 0, BATCH_JOBS)
  for _, id in ipairs(lapsed) do
    local job = read(id)
    if not job or job.state ~= 'running' then
      call('ZREM', LEASES .. queue, id)
    elseif holds > at then
      extend(job, holds, at)
    else
      bury(job, at)
    end
  end
  return #lapsed
end
