package faults_test

import (
	"errors"
	"syscall"
	"testing"

	"example.com/clew/audit/lake"
	"example.com/clew/audit/s3/internal/conformance"
)

var errReset = errors.Join(errors.New("write tcp"), syscall.ECONNRESET)

func TestStore(t *testing.T) {
	conformance.Store(t, func(t *testing.T) lake.Store { return newServer(t).open(t, "") })
}

func TestLake(t *testing.T) { conformance.Lake(t, newServer(t).open(t, t.TempDir()), 6_000) }
