//! Nobody waits: each job says itself what came of it, a panic as well.
//!
//! `cargo run --example callbacks`

use std::io;

use glassloop::ThreadPool;

fn main() -> io::Result<()> {
    // The panic is the job's error; without this it would be printed as well.
    std::panic::set_hook(Box::new(|_| {}));
    let pool = ThreadPool::new(2)?;
    for divisor in [2, 0, 5] {
        let mut job = pool.submit(move || {
            assert!(divisor != 0, "cannot divide by nothing");
            100 / divisor
        });
        job.on_done(move |result| match result {
            Ok(quotient) => println!("100 / {divisor} = {quotient}"),
            Err(error) => println!("100 / {divisor}: the job {error}"),
        });
        // The handle is dropped here; the callback stays.
    }
    pool.shutdown(); // waits for the jobs, and so for what they say
    Ok(())
}
