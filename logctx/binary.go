//go:build binary_log

package logctx

const jsonLines = false
