#!lua flags=allow-oom
-- A worker's one call: first finish what is done, then claim what is due.
-- ARGV: worker queue lease sequence first_claim slots suspect_running
--       (first_claim: tokens count up from it; no two steps of a worker may overlap in it)
--       #kinds then per kind: kind max_attempts timeout      (the latter two for jobs of stock ARQ clients)
--       #reports then per report: id token progress #lines then per line: age level text
--       #finishes then per finish: id token outcome delay body error progress #lines then as above
--         #followers then per follower: id queue kind level delay|at milliseconds max_attempts timeout unique tags
--         start_before retention follow_ups then payload problem     ('' where there is none)
-- Returns {verdicts, claims, ms until the next due time or -1}.
--   verdict: ok · already · lost      claim: id kind token attempt max_attempts timeout created deaths suspect payload checkpoint
--          then
local worker, queue, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])
local sequence, claim_number, slots = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local suspect_running = ARGV[7] == '1'
local at, holds = hear(lease)
local cursor = 8

local function next_arg()
  cursor = cursor + 1
  return ARGV[cursor - 1]
end

local kinds, defaults = {}, {}
for _ = 1, tonumber(next_arg()) do
  local kind = next_arg()
  kinds[#kinds + 1] = kind
  defaults[kind] = { max_attempts = next_arg(), timeout = next_arg() }
end

local function next_lines()
  local lines = {}
  for i = 1, 3 * tonumber(next_arg()) do lines[i] = next_arg() end
  return lines
end

-- What running jobs reported; fenced like everything else, and a step that is repeated, or overtaken, says it once.
for _ = 1, tonumber(next_arg()) do
  local id, token, progress = next_arg(), next_arg(), next_arg()
  local lines, job = next_lines(), read(id)
  if job and job.state == 'running' and job.token == token and sequence > tonumber(job.reported or 0) then
    note(job, at, progress, lines)
    write(job, 'reported', sequence)
  end
end

local FOLLOWER = {
  'id', 'queue', 'kind', 'level', 'clock_name', 'ms', 'max_attempts', 'timeout', 'unique', 'tags', 'start_before',
  'retention', 'follow_ups', 'following', 'payload', 'problem',
}

local function next_followers()
  local followers = {}
  for i = 1, tonumber(next_arg()) do
    local follower = {}
    for _, name in ipairs(FOLLOWER) do follower[name] = next_arg() end
    followers[i] = follower
  end
  return followers
end

-- Store one job that follows another; one that cannot be run is stored all the same, as failed, so that it is seen.
-- Returns its id, or that of the live job which has its unique key.
local function follow(parent, job)
  local owner = parent.owner or ''
  local holder = job.unique ~= '' and call('GET', unique_key(owner, job.kind, job.unique))
  if holder then return holder end
  job.due, job.durability = due_of(job.clock_name, job.ms, at), 'unknown'
  accept(
    job,
    {
      owner = owner, unique = job.unique, tags = job.tags, start_before = job.start_before,
      retention = job.retention, follow_ups = job.follow_ups, parent = parent.id,
    },
    at
  )
  announce(job.queue, job.kind)
  call('HINCRBY', LEDGER, 'accepted', 1)
  if job.problem ~= '' then settle(read(job.id), 'failed', job.problem, at) end
  return job.id
end

local function follow_all(parent, followers)
  local ids = {}
  for i, follower in ipairs(followers) do ids[i] = follow(parent, follower) end
  call('HSET', JOB .. parent.id, 'followers', table.concat(ids, '\n'))
end

local ENDS = { succeeded = true, failed = true, cancelled = true }

local function finish(id, token, outcome, delay, body, error, progress, lines, followers)
  local job = read(id)
  if not job or job.token ~= token then return 'lost' end
  if job.state ~= 'running' then return 'already' end
  drop_lease(job)
  note(job, at, progress, lines)
  local is_released = outcome == 'released'
  local due = is_released and tonumber(job.due) or at + delay
  remember(job, at, ENDS[outcome] and outcome or state_after(job, due, at), is_released and 'released' or error)
  if ENDS[outcome] then
    settle(job, outcome, body, at)
    if #followers > 0 then follow_all(job, followers) end
  else
    put_back(job, due, outcome == 'retry' and job.attempt or job.attempt - 1, at)
  end
  return 'ok'
end

local verdicts = {}
for _ = 1, tonumber(next_arg()) do
  local id, token, outcome, delay, body, error, progress =
    next_arg(), next_arg(), next_arg(), tonumber(next_arg()), next_arg(), next_arg(), next_arg()
  local lines, followers = next_lines(), next_followers()
  verdicts[#verdicts + 1] = finish(id, token, outcome, delay, body, error, progress, lines, followers)
end

local claims, claimed_bytes = {}, 0

-- Payload and `then` of a job; nothing if either is gone.
local function bodies(job)
  local payload = call('GET', PAYLOAD .. job.id)
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

-- A lost reply: the same sequence number again gives the same claims again. A smaller one is a copy that was
-- overtaken on its way; its worker has gone on and would never hear of what it claimed.
local last = slots > 0 and call('GET', STEP .. worker)
if last then
  local lines = string.gmatch(last, '[^\n]+')
  local last_sequence = tonumber(lines())
  if last_sequence > sequence then return { verdicts, claims, -1 } end
  if last_sequence == sequence then
    for id in lines do
      local token = lines()
      local job = read(id)
      if job and job.state == 'running' and job.token == token then
        local payload, following = bodies(job)
        if payload then hand_out(job, payload, following) end
      end
    end
    return { verdicts, claims, 0 }
  end
end

-- A member without a record was put there by a stock ARQ client.
local function adopt(id, kind, level, due)
  if call('PERSIST', PAYLOAD .. id) == 0 and call('EXISTS', PAYLOAD .. id) == 0 then return nil end
  local default = defaults[kind]
  call('HSET', JOB .. id, 'queue', queue, 'kind', kind, 'level', level, 'state', 'waiting', 'version', 1,
    'state_version', 1, 'created', at, 'due', due, 'attempt', 0, 'claims', 0, 'deaths', 0,
    'max_attempts', default.max_attempts, 'timeout', default.timeout, 'durability', 'unknown')
  call('ZADD', index_key(queue, kind, 'waiting'), at, id)
  call('SADD', QUEUES, queue)
  call('HSETNX', LANES .. queue, kind, '')
  call('HINCRBY', LEDGER, 'adopted', 1)
  return read(id)
end

local is_full = slots <= 0

local function claim(job)
  if is_expired(job, at) then return settle(job, 'cancelled', PROBLEM['expired'], at) end
  local payload, following = bodies(job)
  if not payload then return settle(job, 'failed', PROBLEM['undecodable'], at) end
  if claimed_bytes > 0 and claimed_bytes + #payload > BATCH_BYTES then
    is_full = true
    return
  end
  local token = worker .. ':' .. claim_number
  if not call('SET', LOCK .. job.id, token, 'NX', 'PX', lease) then
    call('ZADD', place(job), at + FOREIGN_LOCK_MS, job.id)
    return
  end
  claim_number = claim_number + 1
  job.token, job.worker, job.started = token, worker, at
  job.attempt = job.attempt + 1
  call('ZADD', place(job), at + lease, job.id)
  call('ZADD', LEASES .. queue, at + lease, job.id)
  if job.start_before then call('ZREM', START_BEFORE, job.id) end
  if job.reported then call('HDEL', JOB .. job.id, 'reported') end
  enter(job, 'running', 'started', at, 'worker', worker, 'token', token,
    'attempt', job.attempt, 'claims', job.claims + 1)
  hand_out(job, payload, following)
end

-- A due member of a lane: claim it, or put right what is wrong with it.
local function visit(lane, id, due)
  local job = read(id) or (lane.kind and adopt(id, lane.kind, lane.level, due))
  if not job or (job.state ~= 'waiting' and job.state ~= 'running') then
    call('ZREM', lane.key, id)
  elseif job.state == 'waiting' then
    claim(job)
  else
    call('ZADD', LEASES .. queue, 'NX', due, id)
    call('ZADD', lane.key, at + lease, id)
  end
end

take_back(queue, at, holds)

local lanes = {}
for _, kind in ipairs(kinds) do
  for level, head_start in pairs(HEAD_START_MS) do
    lanes[#lanes + 1] = {
      key = lane_key(queue, kind, level), kind = kind, level = level, head_start = head_start, members = {}, next = 1,
    }
  end
end

-- The due time of the lane's next member, less its head start; nil if none is due. Looks at one first, then at many.
local function head(lane)
  if not lane.members[lane.next] then
    if lane.is_empty then return nil end
    local count = lane.seen and slots or 1
    lane.members = call('ZRANGEBYSCORE', lane.key, '-inf', at, 'WITHSCORES', 'LIMIT', 0, count)
    lane.next, lane.seen, lane.is_empty = 1, true, #lane.members == 0
    if lane.is_empty then return nil end
  end
  return lane.members[lane.next + 1] - lane.head_start
end

local function most_urgent()
  local best, best_due
  for _, lane in ipairs(lanes) do
    local due = head(lane)
    if due and (not best or due < best_due) then best, best_due = lane, due end
  end
  return best
end

-- Suspects run one at a time per worker, so that a killer takes no innocent one with it.
local function claim_suspect()
  for _, id in ipairs(call('ZRANGEBYSCORE', SUSPECTS .. queue, '-inf', at, 'LIMIT', 0, BATCH_JOBS)) do
    local job = read(id)
    if not job then
      call('ZREM', SUSPECTS .. queue, id)
    elseif job.state == 'waiting' and defaults[job.kind] then
      return claim(job)
    end
  end
end

if slots > 0 and not suspect_running then claim_suspect() end
local visits = 0
while not is_full and #claims < slots and visits < 2 * BATCH_JOBS do
  local lane = most_urgent()
  if not lane then break end
  local id, due = lane.members[lane.next], lane.members[lane.next + 1]
  lane.next, visits = lane.next + 2, visits + 1
  visit(lane, id, due)
end

if slots > 0 then
  local taken = { sequence }
  for _, claimed in ipairs(claims) do
    taken[#taken + 1] = claimed[1]
    taken[#taken + 1] = claimed[3]
  end
  call('SET', STEP .. worker, table.concat(taken, '\n'), 'PX', STEP_MS)
end

local next_due = -1
for _, lane in ipairs(lanes) do
  local first = call('ZRANGE', lane.key, 0, 0, 'WITHSCORES')
  if first[2] then
    local wait = math.max(0, first[2] - at)
    if next_due < 0 or wait < next_due then next_due = wait end
  end
end
if next_due == 0 and slots > 0 then wake(queue) end
return { verdicts, claims, next_due }
