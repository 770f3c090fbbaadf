//go:build !binary_log

package logctx

// jsonLines reports whether zerolog writes JSON, so that ready-made text can be put into it.
const jsonLines = true
