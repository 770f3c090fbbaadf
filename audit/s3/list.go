package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"

	"example.com/clew/audit/lake"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// List yields the files below prefix, in the order of their names. The prefix must be "" or end in
// a slash. Each request lists about a thousand files. List leaves out a name with an element that
// begins with "_" or ".". It yields nothing after an error. It is an error if the bucket does not
// exist.
//
// All files of a partition come from one answer of the server, so they existed at the same moment.
// If a partition has too many files for one answer, [Store.large] lists it.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[lake.File, error] {
	return func(yield func(lake.File, error) bool) {
		name, slash := strings.CutSuffix(prefix, "/")
		if prefix != "" && (!slash || checkName(name) != nil) {
			yield(lake.File{}, fmt.Errorf("s3: %q is not the prefix of a store", prefix))
			return
		}
		err := s.list(ctx, prefix, func(file lake.File) bool { return yield(file, nil) })
		if err != nil && err != errEnough {
			yield(lake.File{}, s.failed("list", prefix, err))
		}
	}
}

// errEnough ends a listing when the reader has stopped the iteration.
var errEnough = errors.New("enough")

func (s *Store) list(ctx context.Context, prefix string, yield func(lake.File) bool) error {
	pages := s.pages(prefix)
	for !pages.done {
		files, err := pages.next(ctx)
		if err != nil {
			return err
		}
		// Warning: never put a partition together from two answers. Compact may put a merged file
		// after the first answer, and delete its sources before the second. Then neither answer
		// contains the merged file, and the second lacks sources.
		if dir, begins := pages.cut(prefix, files); begins > 0 {
			files = files[:begins]
			pages.after(dir)
		} else if begins == 0 {
			if files, err = s.large(ctx, dir); err != nil {
				return err
			}
			pages.after(strings.TrimSuffix(dir, "/") + "0") // in ASCII, 0 follows the slash
			pages.done = dir == prefix
		}
		for _, file := range files {
			if !hidden(file.Name) && checkName(file.Name) == nil && !yield(file) {
				return errEnough
			}
		}
	}
	return nil
}

// large returns the files of a partition that has too many files for one answer. It lists the
// partition twice. If files of the first listing are missing in the second, other files may have
// been deleted before they were listed at all. So the result includes the missing files. Open then
// returns fs.ErrNotExist for them, and the reader lists the partition again.
func (s *Store) large(ctx context.Context, dir string) ([]lake.File, error) {
	first, answers, err := s.all(ctx, dir)
	if err != nil || answers == 1 {
		return first, err
	}
	files, _, err := s.all(ctx, dir)
	if err != nil {
		return nil, err
	}
	there := make(map[string]bool, len(files))
	for _, file := range files {
		there[file.Name] = true
	}
	for _, file := range first {
		if !there[file.Name] {
			s.known.forget(file.Name) // otherwise Open would take the file's end from the cache
			files = append(files, file)
		}
	}
	slices.SortFunc(files, func(a, b lake.File) int { return cmp.Compare(a.Name, b.Name) })
	return files, nil
}

// all returns the files of a directory, and the number of answers that listed them.
func (s *Store) all(ctx context.Context, dir string) (all []lake.File, answers int, err error) {
	for pages := s.pages(dir); !pages.done; answers++ {
		files, err := pages.next(ctx)
		if err != nil {
			return nil, answers, err
		}
		all = append(all, files...)
	}
	return all, answers, nil
}

// pages makes the requests of a listing, one after the other.
type pages struct {
	store *Store
	input s3.ListObjectsV2Input
	last  string // the last name that was listed
	done  bool
}

func (s *Store) pages(prefix string) *pages {
	return &pages{store: s, input: s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: s.key(prefix), EncodingType: types.EncodingTypeUrl}}
}

// next returns the files of the next answer.
func (p *pages) next(ctx context.Context) (files []lake.File, err error) {
	page, err := p.store.api.ListObjectsV2(ctx, &p.input)
	if err != nil {
		return nil, err
	}
	for i := range page.Contents {
		file, err := p.store.listed(page, &page.Contents[i])
		if err != nil {
			return nil, err
		}
		// Directory buckets do not list in order. Compact would take a part of a partition for the
		// whole.
		if file.Name <= p.last && p.last != "" {
			return nil, errors.New("the server does not list in the order of names")
		}
		p.last = file.Name
		files = append(files, file)
	}
	if page.IsTruncated == nil || !*page.IsTruncated {
		p.done = true
		return files, nil
	}
	if next := page.NextContinuationToken; next == nil || *next == "" || p.input.ContinuationToken != nil && *next == *p.input.ContinuationToken {
		return nil, errors.New("the server lists only a part, and does not say where to continue")
	}
	p.input.ContinuationToken = page.NextContinuationToken
	return files, nil
}

// cut returns the partition in which an answer ends, and the index of the partition's first file
// in the answer. The index is -1 if the answer does not end within a partition.
func (p *pages) cut(prefix string, files []lake.File) (dir string, begins int) {
	if p.done || len(files) == 0 {
		return "", -1
	}
	begin, ok := lake.PartitionTime(files[len(files)-1].Name)
	dir = lake.Partition(begin)
	if !ok || len(prefix) > len(dir) {
		return "", -1
	}
	return dir, slices.IndexFunc(files, func(file lake.File) bool { return strings.HasPrefix(file.Name, dir) })
}

// The method after makes the next answer begin with the first name after the given one.
func (p *pages) after(name string) {
	p.input.ContinuationToken, p.input.StartAfter = nil, p.store.key(name)
	p.last = name
}

// listed returns a file of a page, and remembers its ETag.
func (s *Store) listed(page *s3.ListObjectsV2Output, object *types.Object) (file lake.File, err error) {
	if object.Key == nil || object.Size == nil || *object.Size < 0 {
		return file, errors.New("the server lists an object without name or size")
	}
	key := *object.Key
	if page.EncodingType == types.EncodingTypeUrl {
		if key, err = url.QueryUnescape(key); err != nil {
			return file, errors.New("the server lists a name that it has not encoded")
		}
	}
	name, ok := strings.CutPrefix(key, s.prefix)
	if !ok {
		return file, errors.New("the server lists an object that is not below the prefix")
	}
	file = lake.File{Name: name, Size: *object.Size}
	if object.LastModified != nil {
		file.Modified = *object.LastModified
	}
	if object.ETag != nil {
		s.known.remember(name, version{etag: *object.ETag, size: file.Size})
	}
	return file, nil
}
