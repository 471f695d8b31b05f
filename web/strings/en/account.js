// The words of signing in and out and the own account.
export default /** @type {const} */ ({
  "account.account_words": "user role sign out logout session",
  "account.as_somebody_else": "As somebody else",
  "account.at_least_10_characters": "At least 10 characters. Your other sessions end.",
  "account.new_password": "New password",
  "account.password_so_far": "Password so far",
  "account.sessions_and_tokens": "Sessions and tokens",
  "account.sign_in": "Sign in",
  "account.sign_in_again": "Sign in again",
  "account.sign_in_again_to_go": "Sign in again to go on where you are.",
  "account.sign_out": "Sign out",
  "account.sign_out_words": "logout leave",
  "account.staged_edits_are_kept": "Staged edits are kept.",
  "account.staged_edits_are_kept_in_this_browser": "Staged edits are kept in this browser until you sign in again.",
  "account.the_name_is_missing": "The name is missing.",
  "account.the_password_is_missing": "The password is missing.",
  "account.the_same_once_more": "The same once more",
  "account.the_two_differ": "The two differ.",
  "account.users_words": "roles tokens sessions password rights grants masked",
  "account.your_account": "Your account",
  "account.your_password_is_changed": "Your password is changed.",
  "account.your_session_has_ended": "Your session has ended"
});
