-- Jobs of plain ARQ functions: their ids may come again, and stock clients and workers know nothing of records.
local LEVELS = { 'normal', 'high', 'low' }

-- Note that stock clients or workers are about.
local function see_stock(queue) call('SET', STOCK .. queue, 1, 'PX', STOCK_MS) end

-- Whether no worker will find the job any more, because it stands nowhere.
local function is_nowhere(job)
  for _, level in ipairs(LEVELS) do
    if call('ZSCORE', lane_key(job.queue, PLAIN, level), job.id) then return false end
  end
  return not call('ZSCORE', SUSPECTS .. job.queue, job.id)
end

-- Forget an ended job whose id is given to a new one.
local function forget(job)
  remove(index_key(job.queue, job.kind, job.state), job.id)
  remove(EXPIRY, job.id)
  flush_keys()
  for tag in each_tag(job.tags) do call('ZREM', TAG .. tag, job.id) end
  call('DEL', JOB .. job.id, ENDED_PAYLOAD .. job.id, HISTORY .. job.id, LOG .. job.id, RETRIES .. job.id)
  call('HINCRBY', LEDGER, 'swept', 1)
end

-- Make a record for a job that a stock client put into the queue.
local function adopt(id, queue, due, max_attempts, timeout, at)
  call('PERSIST', PAYLOAD .. id)
  see_stock(queue)
  due = text(math.max(0, math.min(tonumber(due), at)))
  call('HSET', JOB .. id, 'queue', queue, 'kind', PLAIN, 'level', 'normal', 'state', 'waiting', 'version', 1,
    'state_version', 1, 'created', text(at), 'due', due, 'attempt', 0, 'claims', 0, 'deaths', 0,
    'max_attempts', max_attempts, 'timeout', timeout, 'durability', 'unknown')
  add(index_key(queue, PLAIN, 'waiting'), at, id)
  call('SADD', QUEUES, queue)
  call('HSETNX', LANES .. queue, PLAIN, '')
  call('HINCRBY', LEDGER, 'adopted', 1)
  return read(id)
end

-- The live record of a member of a queue; of one that stock clients put there, a new one. nil: it is no job of the queue.
local function live(id, queue, due, max_attempts, timeout, at)
  local job = read(id)
  if not job then return adopt(id, queue, due, max_attempts, timeout, at) end
  if job.kind ~= PLAIN or job.queue ~= queue then return nil end
  if job.state == 'waiting' or job.state == 'running' then return job end
  if call('EXISTS', PAYLOAD .. id) == 0 then return nil end
  forget(job)
  return adopt(id, queue, due, max_attempts, timeout, at)
end

-- Keep what the users of a job get to see as its result, in their own envelope. keep_ms: -1 for ever, 0 not at all.
local function keep_result(id, body, keep_ms)
  if keep_ms < 0 then
    call('SET', RESULT .. id, body)
  elseif keep_ms > 0 then
    call('SET', RESULT .. id, body, 'PX', text(keep_ms))
  end
end
