#!lua flags=allow-oom
-- What step.lua is for kinds, for plain ARQ functions: first finish what is done, then claim what is due.
-- parts: parts/plain step/arguments plain/finishing parts/limits step/gates plain/claiming step/lanes
-- ARGV: as of step.lua, with the one kind `arq` and no reports; then
--       #finishes then per finish: id token outcome delay function tries hold keep result problem
--       (delay: ms, -1 keeps the job's place. tries: how often it was started, '' if Redis has counted right. hold: ms for which the lock outlives the job. keep: ms, -1 for ever)
-- Returns {verdicts, claims, ms until the next due time or -1}.
--   verdict: ok · already · lost      claim: id token attempt created due deaths suspect aborted payload
next_arg() -- reports: there are none
local verdicts = {}
for i = 1, tonumber(next_arg()) do
  verdicts[i] = finish(
    next_arg(), next_arg(), next_arg(), tonumber(next_arg()), next_arg(), next_arg(), tonumber(next_arg()),
    tonumber(next_arg()), next_arg(), next_arg()
  )
end

local last_sequence = slots > 0 and last_step()
if last_sequence and last_sequence > sequence then return { verdicts, claims, -1 } end
if last_sequence == sequence then
  claim_again()
  return { verdicts, claims, 0 }
end

take_back(queue, at, holds)
flush_sets()
measure_gates()
if slots > 0 then
  claim_due()
  remember_step()
end
local next_due = next_due_time()
if next_due == 0 and (slots > 0 or next(gates)) then wake(queue) end
if call('EXISTS', STOCK .. queue) == 1 and (next_due < 0 or next_due > STOCK_POLL_MS) then next_due = STOCK_POLL_MS end
return { verdicts, claims, next_due }
