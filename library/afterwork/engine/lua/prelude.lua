-- What all scripts share. `scripts.py` puts the key names and times of `keys.py` above it as locals.
local call = redis.call

-- Milliseconds by Redis' clock. CLOCK_OFFSET is 0 except under the tests' loader.
local function now()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000) + CLOCK_OFFSET
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
  'max_attempts', 'timeout', 'worker', 'token', 'cancel', 'unique', 'suspect',
}

-- The record as a table, absent fields false; nil if there is no such job.
local function read(id)
  local values = call('HMGET', JOB .. id, unpack(FIELDS))
  if not values[1] then return nil end
  local job = { id = id }
  for i, name in ipairs(FIELDS) do job[name] = values[i] end
  return job
end

-- Write fields (flat list) and count the change.
local function write(job, ...)
  call('HSET', JOB .. job.id, ...)
  call('HINCRBY', JOB .. job.id, 'version', 1)
end

local function change_state(job, state)
  call('ZREM', index_key(job.queue, job.kind, job.state), job.id)
  call('ZADD', index_key(job.queue, job.kind, state), job.created, job.id)
  job.state = state
end

-- Append the attempt that ends now to the history; error is a problem document, a bare code, or empty.
local function remember(job, at, error)
  local key = HISTORY .. job.id
  call('RPUSH', key, table.concat({ job.attempt, job.started, at, job.worker, error }, '\n'))
  call('LTRIM', key, -HISTORY_LENGTH, -1)
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
    local key = UNIQUE .. job.kind .. ':' .. job.unique
    if call('GET', key) == job.id then call('DEL', key) end
  end
  change_state(job, state)
  write(job, 'state', state, 'finished', at)
  call('ZADD', EXPIRY, at + KEEP_MS[state], job.id)
end

-- Put a job that ran back among the waiting; a request to cancel that came meanwhile wins.
local function put_back(job, due, attempt, at)
  if job.cancel then return settle(job, 'cancelled', PROBLEM['cancelled'], at) end
  call('ZADD', place(job), due, job.id)
  change_state(job, 'waiting')
  write(job, 'state', 'waiting', 'due', due, 'attempt', attempt)
  wake(job.queue)
end

-- The worker died under the job: bad luck once, a suspect the second time, the culprit the third.
local function bury(job, at)
  remember(job, at, 'worker-lost')
  drop_lease(job)
  local deaths = job.deaths + 1
  call('HDEL', JOB .. job.id, 'token')
  call('HSET', JOB .. job.id, 'deaths', deaths)
  if deaths >= MAX_DEATHS and not job.cancel then
    return settle(job, 'failed', PROBLEM['worker-lost'], at)
  end
  if deaths == MAX_DEATHS - 1 and not job.suspect then
    call('ZREM', place(job), job.id)
    call('HSET', JOB .. job.id, 'suspect', 1)
    job.suspect = '1'
  end
  put_back(job, job.due, job.attempt - 1, at)
end

-- Note that somebody was heard. If nobody was for half a lease, Redis itself was away or frozen, and everyone must be
-- able to renew first. Returns until when lapsed leases hold all the same.
local function hear(at, lease)
  local pulse = call('HMGET', PULSE, 'heard', 'holds')
  local holds = tonumber(pulse[2] or 0)
  if pulse[1] and at - pulse[1] >= lease / 2 then holds = at + lease end
  call('HSET', PULSE, 'heard', at, 'holds', holds)
  return holds
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
