#!lua flags=allow-oom
-- Cancel one job of a plain function: at once if it waits, by its worker if it runs.
-- parts: parts/plain
-- ARGV: id, queue, result for those who wait for it, ms for which that is kept, max_attempts, timeout (of a stock job).
-- Returns missing · cancelled · requested · finished · elsewhere; elsewhere: a stock worker runs it, and has been told.
local id, queue, at = ARGV[1], ARGV[2], tick()
local score = call('ZSCORE', queue, id)
local job = read(id)
if score then job = live(id, queue, score, ARGV[5], ARGV[6], at) end
if not job then return 'missing' end
if job.state == 'waiting' then
  if call('EXISTS', LOCK .. id) == 1 then
    call('ZADD', ABORTS, 'NX', text(at), id)
    return 'elsewhere'
  end
  keep_result(id, ARGV[3], tonumber(ARGV[4]))
  settle(job, 'cancelled', PROBLEM['cancelled'], at)
  return 'cancelled'
end
if job.state ~= 'running' then return 'finished' end
if not job.cancel then write(job, 'cancel', 1) end
tell(CONTROL .. job.worker, 'cancel ' .. id)
return 'requested'
