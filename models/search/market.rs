//! Where threads that have work leave some for those that have none.
//!
//! A thread that has run out of work waits here for some. When all wait, there is none left anywhere, and the search is
//! over.

use crate::sync::{AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, whole};

/// Work for threads that have none.
pub(crate) struct Market<Job> {
    threads: usize,
    stock: Mutex<Stock<Job>>,
    has_changed: Condvar,
    /// How many threads wait beyond what lies here for them, to be seen without the lock.
    wanting: AtomicUsize,
}

struct Stock<Job> {
    jobs: Vec<Job>,
    waiting: usize,
    is_closed: bool,
}

impl<Job> Market<Job> {
    /// For so many threads, with this work to begin with.
    pub(crate) fn new(threads: usize, jobs: Vec<Job>) -> Market<Job> {
        let stock = Stock { jobs, waiting: 0, is_closed: false };
        let (stock, has_changed) = (Mutex::new(stock), Condvar::new());
        Market { threads, stock, has_changed, wanting: AtomicUsize::new(0) }
    }

    fn stock(&self) -> MutexGuard<'_, Stock<Job>> {
        whole(self.stock.lock())
    }

    /// Whether some thread waits for work.
    pub(crate) fn wants(&self) -> bool {
        self.wanting.load(Ordering::Relaxed) > 0
    }

    /// Leaves work for another thread. When the market is closed it is lost.
    pub(crate) fn leave(&self, job: Job) {
        let mut stock = self.stock();
        stock.jobs.push(job);
        self.note_wanting(&stock);
        self.has_changed.notify_one();
    }

    /// Waits for work; nothing once there is none left anywhere, or the market is closed.
    pub(crate) fn wait(&self) -> Option<Job> {
        let mut stock = self.stock();
        stock.waiting += 1;
        loop {
            if stock.is_closed || (stock.jobs.is_empty() && stock.waiting == self.threads) {
                stock.is_closed = true;
                self.has_changed.notify_all();
                return None;
            }
            if let Some(job) = stock.jobs.pop() {
                stock.waiting -= 1;
                self.note_wanting(&stock);
                return Some(job);
            }
            self.note_wanting(&stock);
            stock = whole(self.has_changed.wait(stock));
        }
    }

    /// Ends the search: nobody gets any work any more.
    pub(crate) fn close(&self) {
        self.stock().is_closed = true;
        self.has_changed.notify_all();
    }

    /// Whether there is no work any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.stock().is_closed
    }

    fn note_wanting(&self, stock: &Stock<Job>) {
        let wanting = stock.waiting.saturating_sub(stock.jobs.len());
        self.wanting.store(wanting, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(quorate_loom)))]
mod tests {
    use super::Market;
    use core::sync::atomic::{AtomicU64, Ordering};

    /// Each job is a number of units of work, which are done one by one, or shared.
    fn work(market: &Market<u64>, done: &AtomicU64) {
        while let Some(mut units) = market.wait() {
            while units > 0 {
                units -= 1;
                done.fetch_add(1, Ordering::Relaxed);
                if units > 1 && market.wants() {
                    market.leave(units / 2);
                    units -= units / 2;
                }
            }
        }
    }

    #[test]
    fn all_work_is_done_once_and_then_everyone_goes_home() {
        for threads in [1, 2, 5] {
            let (market, done) = (Market::new(threads, vec![10_000, 1, 0]), AtomicU64::new(0));
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| work(&market, &done));
                }
            });
            assert_eq!(done.into_inner(), 10_001);
            assert!(market.is_closed());
        }
    }

    #[test]
    fn when_it_is_closed_everyone_goes_home() {
        let market = Market::new(3, vec![()]);
        std::thread::scope(|scope| {
            let waiting: Vec<_> = (0..2).map(|_| scope.spawn(|| market.wait())).collect();
            while !market.wants() {
                std::thread::yield_now();
            }
            market.close();
            let got: Vec<_> = waiting.into_iter().map(|it| it.join().expect("it ends")).collect();
            assert!(got.contains(&Some(())) && got.contains(&None), "{got:?}");
        });
        assert_eq!(market.wait(), None);
    }
}
