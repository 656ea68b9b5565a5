-- A worker's turn, after what has ended is written: take back what others lost, and claim. Returns the step's answer.
local function take_turn(verdicts)
  -- A lost reply: the same sequence number again gives the same claims again. A smaller one is a copy that was
  -- overtaken on its way; its worker has gone on and would never hear of what it claimed.
  local last_sequence = slots > 0 and last_step()
  if last_sequence and last_sequence > sequence then return { verdicts, claims, -1 } end
  if last_sequence == sequence then
    claim_again()
    return { verdicts, claims, 0 }
  end

  take_back(queue, at, holds)
  flush_keys()
  measure_gates()
  if slots > 0 then
    claim_due()
    remember_step()
  end
  local next_due = next_due_time()
  if next_due == 0 and (slots > 0 or next(gates)) then wake(queue) end -- what ended may have opened a gate
  return { verdicts, claims, next_due }
end
