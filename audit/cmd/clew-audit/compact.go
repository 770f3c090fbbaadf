package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"example.com/clew/audit/lake"
	"example.com/clew/internal/timeline"
	"example.com/clew/internal/when"
)

// compactCommand is clew-audit compact.
type compactCommand struct {
	dirs
	After string `help:"Merge the files of partitions that ended at least this long ago: 1h without it." default:"1h" placeholder:"DURATION"`
	TTL   string `help:"Also delete events older than this. Without it, no event is deleted. Not for a bucket, which deletes old events by its own rule." placeholder:"DURATION"`
}

// Help returns the text below the usage line of --help.
func (compactCommand) Help() string {
	return `A program that writes events merges the files of its own directory. This command is for directories
that no program writes to any more, and for stores that several programs share. It may run while these
programs write.

Examples:

  clew-audit compact -d /var/lib/media/audit
  clew-audit compact -d '/var/lib/*/audit' --ttl 14d
  clew-audit compact -d s3://example-audit/audit

Exit codes:

  0    done, also if there was nothing to do
  2    the command line is wrong
  3    a file could not be read or written, or another compaction is running
  130  Ctrl-C, or SIGTERM: merges that were done stay, and the next run does the others`
}

func (c *compactCommand) run(ctx context.Context, std streams) (int, error) {
	after, ttl, err := c.ages()
	if err != nil {
		return 0, err
	}
	e, problems, err := openEngine(ctx, std, c.dirs)
	if err != nil {
		return 0, err
	}
	for i, dir := range e.dirs {
		done, compactErr := compact(ctx, e.stores[i], after, ttl)
		if compactErr == nil || done.merged+done.expired > 0 {
			if _, err := fmt.Fprintf(std.out, "%s: %s\n", printable(dir), done); err != nil {
				return 0, err
			}
		}
		for _, left := range done.left {
			std.say("%s: left alone: %s", dir, left)
			problems++
		}
		if ctx.Err() != nil {
			std.say("%s: stopped before the end", dir)
			return exitInterrupted, nil
		}
		if compactErr != nil {
			std.say("%s: %v", dir, compactErr)
			problems++
		}
	}
	if problems > 0 {
		return exitIncomplete, nil
	}
	return exitFound, nil
}

// ages checks the flags. The result after is the time that must have passed since the end of a
// partition before its files are merged. The result ttl is the age at which events are deleted; 0
// deletes none.
func (c *compactCommand) ages() (after, ttl time.Duration, err error) {
	var ok bool
	if after, ok = when.Duration(c.After); !ok {
		return 0, 0, usagef("--after wants a duration such as 1h, not %q", clip(c.After))
	}
	if c.TTL == "" {
		return after, 0, nil
	}
	if ttl, ok = when.Duration(c.TTL); !ok || ttl == 0 {
		return 0, 0, usagef("--ttl wants a duration such as 14d, not %q", clip(c.TTL))
	}
	if slices.ContainsFunc(c.names(), inBucket) {
		return 0, 0, usagef("--ttl is for directories: a bucket has a rule that deletes, and clew-audit ddl s3 prints it")
	}
	return after, ttl, nil
}

// compacted is what compact has done.
type compacted struct {
	merged, into int
	events       int64
	expired      int
	bytes        int64
	left         []string
}

func (c compacted) String() string {
	text := "nothing to merge"
	if c.merged > 0 {
		text = fmt.Sprintf("%s with %s merged into %s", timeline.Counted(c.merged, "file"), timeline.Counted(c.events, "event"), timeline.Counted(c.into, "file"))
	}
	if c.expired > 0 {
		text += fmt.Sprintf(", %s with %s deleted", timeline.Counted(c.expired, "old file"), amount(float64(c.bytes)))
	}
	return text
}

func amount(bytes float64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	for bytes >= 1000 && len(units) > 1 {
		bytes, units = bytes/1000, units[1:]
	}
	return fmt.Sprintf("%.3g %s", bytes, units[0])
}

// compact merges the files of a store, and deletes files whose events are older than ttl. If ttl
// is 0, it deletes none.
func compact(ctx context.Context, store lake.Store, after, ttl time.Duration) (c compacted, err error) {
	done, err := lake.Compact(ctx, store, lake.CompactOptions{After: max(after, 1)})
	c = compacted{merged: done.Merged, into: done.Into, events: done.Events}
	left := done.Left
	if ttl > 0 && ctx.Err() == nil && !errors.Is(err, lake.ErrLocked) {
		expired, expireErr := lake.Expire(ctx, store, ttl, time.Now())
		c.expired, c.bytes = expired.Files, expired.Bytes
		left = append(left, expired.Left...)
		err = cmp.Or(err, expireErr)
	}
	seen := map[string]bool{} // Compact and Expire may both report the same file
	for _, l := range left {
		if !seen[l.Name] {
			seen[l.Name] = true
			c.left = append(c.left, l.Name+": "+l.Err.Error())
		}
	}
	return c, err
}
