-- What a worker gets of one job of a plain function, and what becomes of a job that it cannot get.
local claims, claimed_bytes = {}, 0
local is_full = false
local has_aborts = call('EXISTS', ABORTS) == 1

local function hand_out(job, payload)
  claimed_bytes = claimed_bytes + #payload
  local is_aborted = job.cancel or has_aborts and try('ZREM', ABORTS, job.id) == 1
  claims[#claims + 1] = {
    job.id, job.token, tonumber(job.attempt), tonumber(job.created), tonumber(job.due), tonumber(job.deaths),
    job.suspect and 1 or 0, is_aborted and 1 or 0, payload,
  }
end

-- What this worker's last step that claimed took: its sequence number, then id and token in turn; ids may be any text.
local function last_taken()
  local last = read_text(step_key)
  return last and cmsgpack.unpack(last)
end

local function last_step()
  local taken = last_taken()
  return taken and taken[1]
end

local function remember_step()
  local taken = { sequence }
  for _, claimed in ipairs(claims) do
    taken[#taken + 1] = claimed[1]
    taken[#taken + 1] = claimed[2]
  end
  call('SET', step_key, cmsgpack.pack(taken), 'PX', STEP_MS)
end

-- Hand out once more what the last step claimed.
local function claim_again()
  local taken = last_taken()
  for i = 2, #taken, 2 do
    local job = read(taken[i])
    if job and job.state == 'running' and job.token == taken[i + 1] then
      hand_out(job, read_text(PAYLOAD .. job.id) or '')
    end
  end
end

local function claim(job)
  local payload = read_text(PAYLOAD .. job.id)
  if not payload and call('EXISTS', PAYLOAD .. job.id) == 0 and call('EXISTS', RESULT .. job.id) == 1 then -- a stock worker was faster
    return remove(place(job), job.id)
  end
  payload = payload or ''
  if claimed_bytes > 0 and claimed_bytes + #payload > BATCH_BYTES then
    is_full = true
    return
  end
  local token = worker .. ':' .. text(claim_number)
  if not call('SET', LOCK .. job.id, token, 'NX', 'PX', ARGV[3]) then
    see_stock(queue)
    add(place(job), at + FOREIGN_LOCK_MS, job.id)
    return
  end
  claim_number = claim_number + 1
  pass_gate(job.kind)
  job.token, job.worker, job.started = token, worker, text(at)
  job.attempt = text(call('INCR', RETRIES .. job.id))
  call('PEXPIRE', RETRIES .. job.id, text(RETRIES_MS))
  add(place(job), at + lease, job.id)
  add(LEASES .. queue, at + lease, job.id)
  enter(job, 'running', at, 'started', job.started, 'worker', worker, 'token', token,
    'attempt', job.attempt, 'claims', text(job.claims + 1))
  hand_out(job, payload)
end

-- Whether it is UTF-8 (RFC 3629), which every reader of a record can show.
local function is_text(id)
  if not string.find(id, '[\128-\255]') then return true end
  for _, valid in ipairs({
    '[\194-\223][\128-\191]', '\224[\160-\191][\128-\191]', '[\225-\236\238\239][\128-\191][\128-\191]',
    '\237[\128-\159][\128-\191]', '\240[\144-\191][\128-\191][\128-\191]',
    '[\241-\243][\128-\191][\128-\191][\128-\191]', '\244[\128-\143][\128-\191][\128-\191]',
  }) do
    id = string.gsub(id, valid, '')
  end
  return not string.find(id, '[\128-\255]')
end

-- Give a member whose id is no text one that is.
local function rename(lane, id, due)
  local spelt = 'not-text-' .. string.gsub(id, '.', function(byte) return string.format('%02x', string.byte(byte)) end)
  redis.pcall('RENAME', PAYLOAD .. id, PAYLOAD .. spelt) -- it may be gone
  remove(lane.key, id)
  add(lane.key, tonumber(due), spelt)
end

-- A due member of a lane: claim it, or put right what is wrong with it.
local function visit(lane, id, due)
  if not is_text(id) then return rename(lane, id, due) end
  local job = live(id, queue, due, defaults[PLAIN].max_attempts, defaults[PLAIN].timeout, at)
  if not job then
    remove(lane.key, id)
  elseif job.state == 'waiting' then
    claim(job)
  else
    call('ZADD', LEASES .. queue, 'NX', due, id)
    add(lane.key, at + lease, id)
  end
end
