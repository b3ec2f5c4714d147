//! Whole runs without a network: playbooks from memory, agents in threads of this process, what happened as a list.

mod aftermath;
mod arguments;
mod away;
mod debts;
mod delegation;
mod files;
mod handlers;
mod includes;
mod keywords;
mod pauses;
mod play;
mod precedence;
mod refusals;
mod rsync;
mod stage;
mod threaded;
mod watcher;
