import { expect, test } from 'vitest';
import { consoleUrl } from './partition.ts';

test.each([
  ['us-east-2', 'https://us-east-2.console.aws.amazon.com/batch/home?region=us-east-2#jobs'],
  ['cn-north-1', 'https://cn-north-1.console.amazonaws.cn/batch/home?region=cn-north-1#jobs'],
  ['us-gov-west-1', 'https://us-gov-west-1.console.amazonaws-us-gov.com/batch/home?region=us-gov-west-1#jobs'],
  ['eusc-de-east-1', 'https://eusc-de-east-1.console.amazonaws-eusc.eu/batch/home?region=eusc-de-east-1#jobs'],
  ['us-iso-east-1', undefined],
  ['us-isob-east-1', undefined],
  ['eu-isoe-west-1', undefined],
  ['us-isof-south-1', undefined],
  ['mars-north-1', 'https://mars-north-1.console.aws.amazon.com/batch/home?region=mars-north-1#jobs'],
])('a page of %s is in the console of its partition', (region, url) => {
  expect(consoleUrl(region, 'batch/home#jobs')).toBe(url);
});

test('what is no region has no console: it would choose the host', () => {
  expect(consoleUrl('evil.example/', 'batch/home')).toBeUndefined();
});
