-- What a worker gets of one job, and what becomes of a job that it cannot get.
local claims, claimed_bytes = {}, 0
local is_full = false

-- Payload and `then` of a job; nothing if either is gone.
local function bodies(job)
  local payload = read_text(PAYLOAD .. job.id)
  local following = not job.follow_ups and '' or call('GET', THEN .. job.id)
  if payload and following then return payload, following end
end

local function hand_out(job, payload, following)
  local checkpoint = job.checkpoint and call('GET', CHECKPOINT .. job.id) or ''
  claimed_bytes = claimed_bytes + #payload + #checkpoint + #following
  claims[#claims + 1] = {
    job.id, job.kind, job.token, tonumber(job.attempt), tonumber(job.max_attempts), tonumber(job.timeout),
    tonumber(job.created), tonumber(job.deaths), job.suspect and 1 or 0, payload, checkpoint,
    following,
  }
end

-- The sequence number of this worker's last step that claimed; nil if there is none.
local function last_step()
  local last = read_text(step_key)
  return last and tonumber(string.match(last, '^[^\n]+'))
end

local function remember_step()
  local taken = { sequence }
  for _, claimed in ipairs(claims) do
    taken[#taken + 1] = claimed[1]
    taken[#taken + 1] = claimed[3]
  end
  call('SET', step_key, table.concat(taken, '\n'), 'PX', STEP_MS)
end

-- Hand out once more what the last step claimed.
local function claim_again()
  local lines = string.gmatch(call('GET', step_key), '[^\n]+')
  lines()
  for id in lines do
    local token = lines()
    local job = read(id)
    if job and job.state == 'running' and job.token == token then
      local payload, following = bodies(job)
      if payload then hand_out(job, payload, following) end
    end
  end
end

local function claim(job)
  if is_expired(job, at) then return settle(job, 'cancelled', PROBLEM['expired'], at) end
  local payload, following = bodies(job)
  if not payload then return settle(job, 'failed', PROBLEM['undecodable'], at) end
  if claimed_bytes > 0 and claimed_bytes + #payload > BATCH_BYTES then
    is_full = true
    return
  end
  local token = worker .. ':' .. text(claim_number)
  if not call('SET', LOCK .. job.id, token, 'NX', 'PX', ARGV[3]) then
    add(place(job), at + FOREIGN_LOCK_MS, job.id)
    return
  end
  claim_number = claim_number + 1
  pass_gate(job.kind)
  job.token, job.worker, job.started = token, worker, text(at)
  job.attempt = text(job.attempt + 1)
  add(place(job), at + lease, job.id)
  add(LEASES .. queue, at + lease, job.id)
  if job.start_before then try('ZREM', START_BEFORE, job.id) end
  if job.reported then call('HDEL', JOB .. job.id, 'reported') end
  enter(job, 'running', at, 'started', job.started, 'worker', worker, 'token', token,
    'attempt', job.attempt, 'claims', text(job.claims + 1))
  hand_out(job, payload, following)
end

-- A due member of a lane: claim it, or put right what is wrong with it.
local function visit(lane, id, due)
  local job = read(id) or adopt(id, lane.kind, lane.level, tonumber(due))
  if not job or (job.state ~= 'waiting' and job.state ~= 'running') then
    remove(lane.key, id)
  elseif job.state == 'waiting' and tonumber(job.due) > at then
    add(lane.key, job.due, id) -- a stock client's `Job.abort` has moved it; reap cancels it
  elseif job.state == 'waiting' then
    claim(job)
  else
    call('ZADD', LEASES .. queue, 'NX', due, id)
    add(lane.key, at + lease, id)
  end
end
