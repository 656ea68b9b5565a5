-- The end of a claim and of a job.
local function drop_lease(job)
  remove(LEASES .. job.queue, job.id)
  if job.kind ~= PLAIN then return drop(LOCK .. job.id) end
  if call('GET', LOCK .. job.id) == job.token then call('DEL', LOCK .. job.id) end -- or it is a stock worker's by now
end

local function extend(job, lease_end, at)
  add(LEASES .. job.queue, lease_end, job.id)
  add(place(job), lease_end, job.id)
  call('SET', LOCK .. job.id, job.token, 'PX', text(lease_end - at))
end

local quoted = {} -- text → the same in JSON, of queues and kinds, which come again

local function quote(text)
  quoted[text] = quoted[text] or cjson.encode(text)
  return quoted[text]
end

-- ARQ's result envelope; body is JSON already and is never decoded here.
local function envelope(job, success, body, at)
  return '{"t":' .. job.attempt .. ',"f":' .. quote(job.kind) .. ',"a":[],"k":{},"et":' .. job.created
    .. (success and ',"s":true,"st":' or ',"s":false,"st":') .. (job.started or text(at)) .. ',"ft":' .. text(at)
    .. ',"q":' .. quote(job.queue) .. ',"id":' .. cjson.encode(job.id) .. ',"r":' .. body .. '}'
end

-- Where the payload of an ended job is kept.
local function ended_payload_key(job) return (job.kind == PLAIN and ENDED_PAYLOAD or PAYLOAD) .. job.id end

-- End the job for good: succeeded, failed or cancelled. body: result or problem; of a plain function only the problem,
-- its result is in an envelope that none but its users can read. The rest are further fields of its record.
local function settle(job, state, body, at, ...)
  remove(place(job), job.id)
  if job.kind == PLAIN then
    redis.pcall('RENAME', PAYLOAD .. job.id, ENDED_PAYLOAD .. job.id) -- for ARQ a job that has one is live; it may be gone
    call('DEL', RETRIES .. job.id)
    if state ~= 'succeeded' then call('HSET', JOB .. job.id, 'problem', body) end
  else
    keep(RESULT .. job.id, envelope(job, state == 'succeeded', body, at))
  end
  if job.unique then
    local key = unique_key(job.owner or '', job.kind, job.unique)
    if read_text(key) == job.id then call('DEL', key) end
  end
  if job.start_before then try('ZREM', START_BEFORE, job.id) end
  if job.checkpoint and state == 'succeeded' then call('DEL', CHECKPOINT .. job.id) end
  if job.follow_ups and state == 'succeeded' then call('DEL', THEN .. job.id) end
  enter(job, state, at, 'finished', text(at), ...)
  add(EXPIRY, at + (job.retention or KEEP_MS[state]), job.id)
end

-- Cancel a live job: at once if it waits, through its worker if it runs. Returns cancelled · requested · finished.
local function cancel(job, at)
  if job.state == 'waiting' then
    settle(job, 'cancelled', PROBLEM['cancelled'], at)
    return 'cancelled'
  end
  if job.state ~= 'running' then return 'finished' end
  if not job.cancel then write(job, 'cancel', 1) end
  tell(CONTROL .. job.worker, 'cancel ' .. job.id)
  return 'requested'
end

-- Whether the job should have been started by now and never was.
local function is_expired(job, at)
  return job.start_before and tonumber(job.claims) == 0 and at > tonumber(job.start_before)
end

-- Put a job that ran back among the waiting; a request to cancel that came meanwhile wins.
local function put_back(job, due, attempt, at)
  wake(job.queue) -- ended or not, another of its kind may start now
  if job.cancel then return settle(job, 'cancelled', PROBLEM['cancelled'], at) end
  job.due = due
  add(place(job), due, job.id)
  enter(job, 'waiting', at, 'due', text(due), 'attempt', text(attempt))
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
    wake(job.queue)
    return settle(job, 'failed', PROBLEM['worker-lost'], at)
  end
  if deaths == MAX_DEATHS - 1 and not job.suspect then
    remove(place(job), job.id)
    call('HSET', JOB .. job.id, 'suspect', 1)
    job.suspect = '1'
  end
  put_back(job, job.due, job.attempt - 1, at)
end

-- Take back jobs of the queue whose leases have lapsed, one batch a call; returns how many.
local function take_back(queue, at, holds)
  local lapsed = try('ZRANGEBYSCORE', LEASES .. queue, '-inf', at, 'LIMIT', 0, BATCH_JOBS) or {}
  for _, id in ipairs(lapsed) do
    local job = read(id)
    if not job or job.state ~= 'running' then
      remove(LEASES .. queue, id)
    elseif holds > at then
      extend(job, holds, at)
    else
      bury(job, at)
    end
  end
  return #lapsed
end
