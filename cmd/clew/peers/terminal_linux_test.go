package peers_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal. tty is the program's side. person is the user's side: there
// the test reads what the program writes, and writes what the user types.
func terminal(t *testing.T) (tty, person *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	person = os.NewFile(uintptr(fd), "person")
	t.Cleanup(func() { person.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { tty.Close() })
	return tty, person
}

// clew doctor asks a person at a terminal, and says how many requests it would send, and where.
func TestQuestion(t *testing.T) {
	for _, test := range []struct {
		name, typed string
		code        int
		sent        bool
	}{
		{"y", "y\n", 0, true},
		{"yes", "yes\n", 0, true},
		{"n", "n\n", 2, false},
		{"only Enter", "\n", 2, false},
		{"something else", "yonder\n", 2, false},
		{"end of input", "\x04", 2, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			there, requests := foreign(t)
			tty, person := terminal(t)
			ctx, cancel := context.WithTimeout(t.Context(), fails)
			defer cancel()
			command := exec.CommandContext(ctx, clew, "doctor", there)
			command.Env = environment()
			command.Stdin, command.Stderr = tty, tty
			var out strings.Builder
			command.Stdout = &out
			require.NoError(t, command.Start())
			tty.Close() // only clew has it open now, so person's Read ends when clew ends
			var (
				shown   strings.Builder
				reading sync.WaitGroup
			)
			asked := make(chan struct{})
			reading.Go(func() {
				var once sync.Once
				for b := make([]byte, 1000); ; {
					n, err := person.Read(b)
					shown.Write(b[:n])
					if strings.Contains(shown.String(), "?") || err != nil {
						once.Do(func() { close(asked) })
					}
					if err != nil {
						return
					}
				}
			})
			<-asked
			assert.Zero(t, requests.Load(), "number of requests before the answer")
			_, err := io.WriteString(person, test.typed)
			require.NoError(t, err)
			command.Wait()
			reading.Wait()
			assert.Equal(t, test.code, command.ProcessState.ExitCode(), "%s\n%s", shown.String(), out.String())
			assert.Contains(t, shown.String(), "clew: this goes beyond this computer: "+there+". Go on? [y/N]", "the question names the URL")
			assert.Regexp(t, `\d+ GET requests`, shown.String())
			assert.Equal(t, test.sent, requests.Load() > 0, "requests were sent")
		})
	}
}
