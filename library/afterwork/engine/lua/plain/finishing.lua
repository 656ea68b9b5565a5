-- The end of an attempt at a plain function.
local ENDS = { succeeded = true, failed = true, cancelled = true }

local function finish(id, token, outcome, delay, name, tries, hold, keep, result, problem)
  local job = read(id)
  if not job or job.token ~= token then return 'lost' end
  if job.state ~= 'running' then return 'already' end
  drop_lease(job)
  if hold > 0 then call('SET', LOCK .. id, token, 'NX', 'PX', text(hold)) end
  if name ~= '' and job['function'] ~= name then call('HSET', JOB .. id, 'function', name) end
  if tries ~= '' then
    call('SET', RETRIES .. id, tries, 'PX', text(RETRIES_MS))
    job.attempt = tries
  end
  local due = delay < 0 and tonumber(job.due) or at + delay
  local after = ENDS[outcome] and outcome or state_after(job, due, at)
  remember(job, at, after, outcome == 'released' and 'released' or problem)
  if ENDS[outcome] then
    if result ~= '' then keep_result(id, result, keep) end
    settle(job, outcome, problem, at)
  else
    put_back(job, due, job.attempt, at)
  end
  return 'ok'
end
