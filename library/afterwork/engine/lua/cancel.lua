#!lua flags=allow-oom
-- Cancel one job: at once if it waits, by its worker if it runs. ARGV: id, the version that it must have or ''.
-- Returns missing · changed · cancelled · requested · finished.
local job = read(ARGV[1])
if not job then return 'missing' end
if ARGV[2] ~= '' and ARGV[2] ~= job.version then return 'changed' end
return cancel(job, job.state == 'waiting' and tick())
