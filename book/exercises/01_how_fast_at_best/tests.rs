use super::exercise::*;

fn jobs(of: &[(u64, u64)]) -> Vec<Job> {
    of.iter().map(|&(computes, waits)| Job { computes, waits }).collect()
}

#[test]
fn what_only_waits_takes_as_long_as_the_longest() {
    assert_eq!(at_best(&jobs(&[(0, 50); 80]), 1), 50);
}

#[test]
fn what_only_computes_is_shared_by_the_processors() {
    assert_eq!(at_best(&jobs(&[(10, 0); 8]), 1), 80);
    assert_eq!(at_best(&jobs(&[(10, 0); 8]), 2), 40);
    assert_eq!(at_best(&jobs(&[(10, 0); 3]), 2), 15);
}

#[test]
fn one_job_is_never_shorter_than_itself() {
    assert_eq!(at_best(&jobs(&[(30, 40), (1, 1)]), 8), 70);
}

#[test]
fn no_jobs_take_no_time() {
    assert_eq!(at_best(&[], 1), 0);
}
