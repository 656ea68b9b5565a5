#!lua flags=allow-oom
-- Extend a worker's leases. ARGV: lease, then per claim: id token. Returns per claim: ok · cancel · lost.
local lease = tonumber(ARGV[1])
local at = hear(lease)

-- Whether a stock ARQ worker has it since its lock lapsed.
local function is_taken(job)
  if job.kind ~= PLAIN then return false end
  local holder = call('GET', LOCK .. job.id)
  return holder and holder ~= job.token
end

local answers = {}
for i = 2, #ARGV, 2 do
  local job = read(ARGV[i])
  if not job or job.state ~= 'running' or job.token ~= ARGV[i + 1] or is_taken(job) then
    answers[#answers + 1] = 'lost'
  else
    extend(job, at + lease, at)
    answers[#answers + 1] = job.cancel and 'cancel' or 'ok'
  end
end
return answers
