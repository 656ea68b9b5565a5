#!lua flags=allow-oom
-- Cancel one job: at once if it waits, by its worker if it runs. ARGV: id, the version that it must have or ''.
-- Returns missing · changed · cancelled · requested · finished.
local job = read(ARGV[1])
if not job then return 'missing' end
if ARGV[2] ~= '' and ARGV[2] ~= job.version then return 'changed' end
if job.state == 'waiting' then
  settle(job, 'cancelled', PROBLEM['cancelled'], tick())
  return 'cancelled'
end
if job.state ~= 'running' then return 'finished' end
if not job.cancel then write(job, 'cancel', 1) end
tell(CONTROL .. job.worker, 'cancel ' .. job.id)
return 'requested'
