#!lua flags=allow-oom
-- Hand running jobs back, neither a death nor an attempt. ARGV per claim: id token. Returns how many went back.
local at, released = tick(), 0
for i = 1, #ARGV, 2 do
  local job = read(ARGV[i])
  if job and job.state == 'running' and job.token == ARGV[i + 1] then
    drop_lease(job)
    remember(job, at, state_after(job, tonumber(job.due), at), 'released')
    call('HDEL', JOB .. job.id, 'token')
    put_back(job, job.due, job.attempt - 1, at)
    released = released + 1
  end
end
return released
