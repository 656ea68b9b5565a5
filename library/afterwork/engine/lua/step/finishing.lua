-- What a worker says of the jobs that it holds: reports of those that go on, and the ends of the others.

-- Fenced like everything else, and a step that is repeated, or overtaken, says it once.
local function report(id, token, progress, lines)
  local job = read(id)
  if job and job.state == 'running' and job.token == token and sequence > tonumber(job.reported or 0) then
    note(job, at, progress, lines)
    write(job, 'reported', sequence)
  end
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
