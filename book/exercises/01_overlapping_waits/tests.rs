use super::exercise::*;

#[test]
fn waits_one_after_another_add_up() {
    assert_eq!(some_job_waited(&[(0, 50), (50, 100), (120, 130)]), 110);
}

#[test]
fn waits_at_the_same_time_count_once() {
    assert_eq!(some_job_waited(&[(0, 50), (0, 50), (0, 50)]), 50);
}

#[test]
fn only_what_is_new_of_a_wait_counts() {
    assert_eq!(some_job_waited(&[(30, 60), (0, 50), (10, 20)]), 60);
}

#[test]
fn nobody_waits() {
    assert_eq!(some_job_waited(&[]), 0);
}
