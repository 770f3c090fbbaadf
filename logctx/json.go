//go:build !binary_log

package logctx

// jsonLines: zerolog writes JSON, into which ready-made text can be put.
const jsonLines = true
