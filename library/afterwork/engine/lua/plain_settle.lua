#!lua flags=allow-oom
-- Write down how jobs ended that stock workers ran. ARGV per job: id, state, function or '', problem. Returns how many.
-- parts: parts/plain
local at, settled = tick(), 0
for i = 1, #ARGV, 4 do
  local job = read(ARGV[i])
  if job and job.state == 'waiting' and is_nowhere(job) then
    if ARGV[i + 2] ~= '' then call('HSET', JOB .. job.id, 'function', ARGV[i + 2]) end
    settle(job, ARGV[i + 1], ARGV[i + 3], at)
    settled = settled + 1
  end
end
return settled
