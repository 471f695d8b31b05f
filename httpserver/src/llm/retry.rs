//! Repeating a request that the provider was too busy for.

use std::time::Duration;

use super::ModelError;

/// The wait before the first repetition when the provider names none; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Runs `attempt` until it does not end with [`ModelError::Busy`], at most `retries` times more.
///
/// # Errors
/// What the last attempt failed with. A provider that asks to wait longer than `longest` is given up.
pub async fn with_retries<T, F>(
    retries: u64,
    longest: Duration,
    mut attempt: impl FnMut() -> F,
) -> Result<T, ModelError>
where
    F: Future<Output = Result<T, ModelError>>,
{
    let mut wait = FIRST_WAIT.min(longest);
    let mut left = retries;
    loop {
        match attempt().await {
            Err(ModelError::Busy {
                status,
                retry_after,
            }) if left > 0 => {
                let asked = retry_after.unwrap_or(wait);
                if asked > longest {
                    return Err(ModelError::Busy {
                        status,
                        retry_after,
                    });
                }
                tokio::time::sleep(asked).await;
                wait = (wait * 2).min(longest);
                left -= 1;
            }
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::time::Instant;

    use super::*;

    const LONGEST: Duration = Duration::from_secs(20);

    async fn run(busy: u64, after: Option<u64>) -> (Result<(), ModelError>, u64, Duration) {
        let calls = AtomicU64::new(0);
        let began = Instant::now();
        let result = with_retries(2, LONGEST, || async {
            if calls.fetch_add(1, Ordering::Relaxed) < busy {
                return Err(ModelError::Busy {
                    status: 429,
                    retry_after: after.map(Duration::from_secs),
                });
            }
            Ok(())
        })
        .await;
        (result, calls.into_inner(), began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_provider_is_asked_again_after_the_wait_that_it_names() {
        let (result, calls, took) = run(1, Some(7)).await;
        assert!(result.is_ok() && calls == 2);
        assert_eq!(took, Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_wait_it_doubles_and_ends() {
        let (result, calls, took) = run(9, None).await;
        assert_eq!(result.unwrap_err().code(), "model_busy");
        assert_eq!((calls, took), (3, Duration::from_millis(1500)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_too_long_is_not_waited_for() {
        let (result, calls, took) = run(9, Some(3600)).await;
        assert!(result.unwrap_err().to_string().contains("3600 s"));
        assert_eq!((calls, took), (1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn other_errors_are_not_repeated() {
        let calls = AtomicU64::new(0);
        let result: Result<(), _> = with_retries(2, LONGEST, || async {
            calls.fetch_add(1, Ordering::Relaxed);
            Err(ModelError::Cut)
        })
        .await;
        assert_eq!(result.unwrap_err(), ModelError::Cut);
        assert_eq!(calls.into_inner(), 1);
    }
}
