#!lua flags=no-writes
-- One job as it is at one instant. ARGV: id, 1 to get its log too.
-- Returns {now, record as a flat list, history, result envelope or false, log}; the record is empty if there is none.
local id = ARGV[1]

-- The attempt that succeeded stands in the record alone; here it is told like the others.
local function history_of(job)
  local history = call('LRANGE', HISTORY .. id, 0, -1)
  if job and job.ran then
    history[#history + 1] = attempt_line(job, job.ran, job.finished, job.state_version, 'succeeded', '')
    if #history > HISTORY_ENTRIES then table.remove(history, 1) end
  end
  return history
end

return {
  now(), call('HGETALL', JOB .. id), history_of(read(id)), read_text(RESULT .. id),
  ARGV[2] == '1' and call('LRANGE', LOG .. id, 0, -1) or {},
}
