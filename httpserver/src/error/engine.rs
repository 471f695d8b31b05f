//! temp
use super::{ApiError, Code};
impl From<sop::Error> for ApiError {
    fn from(e: sop::Error) -> Self {
        ApiError::new(Code::Internal, e.to_string())
    }
}
