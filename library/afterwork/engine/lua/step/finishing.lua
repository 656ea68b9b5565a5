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
  local holder = job.unique ~= '' and read_text(unique_key(owner, job.kind, job.unique))
  if holder then return holder end
  job.due, job.durability = due_of(job.clock_name, job.ms, at), 'unknown'
  job.options = {
    owner = owner, unique = job.unique, tags = job.tags, start_before = job.start_before,
    retention = job.retention, follow_ups = job.follow_ups, parent = parent.id,
  }
  accept(job, job.id, at)
  if job.payload ~= '' then keep(PAYLOAD .. job.id, job.payload) end
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

-- What else is told of an attempt than its result; most have nothing more to say.
local function next_details()
  if next_arg() == '' then return { delay = 0, error = '', followers = {} } end
  return {
    delay = tonumber(next_arg()), error = next_arg(), progress = next_arg(), lines = next_lines(),
    followers = next_followers(),
  }
end

local function finish(id, token, outcome, body, details)
  local job = read(id)
  if not job or job.token ~= token then return 'lost' end
  if job.state ~= 'running' then return 'already' end
  drop_lease(job)
  if details.lines then note(job, at, details.progress, details.lines) end
  if outcome == 'succeeded' then
    settle(job, outcome, body, at, 'ran', job.state_version) -- the record tells of the attempt; the history need not
    if #details.followers > 0 then follow_all(job, details.followers) end
  elseif outcome == 'failed' or outcome == 'cancelled' then
    remember(job, at, outcome, details.error)
    settle(job, outcome, body, at)
  else
    local is_released = outcome == 'released'
    local due = is_released and tonumber(job.due) or at + details.delay
    remember(job, at, state_after(job, due, at), is_released and 'released' or details.error)
    put_back(job, due, outcome == 'retry' and job.attempt or job.attempt - 1, at)
  end
  return 'ok'
end
