//go:build race

package httpclient_test

// raceEnabled: the race detector allocates too, so counts are upper bounds only.
const raceEnabled = true
