"""When a schedule is due: triggers, and the plan that `due`, `simulate` and the worker share."""
