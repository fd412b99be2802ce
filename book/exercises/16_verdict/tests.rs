use super::exercise::*;

#[test]
fn waiting_overlaps_on_an_event_loop_and_on_threads() {
    let jobs = Jobs { count: 80, wait: 50, compute: 0 };
    assert_eq!(wall(jobs, Model::Sequential, 2), 4000);
    assert_eq!(wall(jobs, Model::ThreadEach, 2), 50);
    assert_eq!(wall(jobs, Model::Threads(8), 2), 500);
    assert_eq!(wall(jobs, Model::EventLoop, 2), 50);
}

#[test]
fn computing_needs_processors() {
    let jobs = Jobs { count: 8, wait: 0, compute: 10 };
    assert_eq!(wall(jobs, Model::Sequential, 2), 80);
    assert_eq!(wall(jobs, Model::ThreadEach, 2), 40);
    assert_eq!(wall(jobs, Model::Threads(2), 2), 40);
    assert_eq!(wall(jobs, Model::EventLoop, 2), 80);
}

#[test]
fn more_threads_than_processors_compute_no_faster() {
    let jobs = Jobs { count: 12, wait: 0, compute: 10 };
    assert_eq!(wall(jobs, Model::Threads(4), 4), 30);
    assert_eq!(wall(jobs, Model::Threads(12), 4), 30);
}

#[test]
fn jobs_that_do_both_take_both() {
    let jobs = Jobs { count: 6, wait: 20, compute: 3 };
    assert_eq!(wall(jobs, Model::Sequential, 2), 138);
    assert_eq!(wall(jobs, Model::ThreadEach, 2), 29);
    assert_eq!(wall(jobs, Model::Threads(2), 2), 69);
    assert_eq!(wall(jobs, Model::EventLoop, 2), 38);
}
