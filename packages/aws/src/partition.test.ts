import { expect, test } from 'vitest';
import { consoleUrl, partitionOf } from './partition.ts';

test.each([
  ['us-east-2', 'aws', 'https://us-east-2.console.aws.amazon.com/batch/home?region=us-east-2#jobs'],
  ['cn-north-1', 'aws-cn', 'https://cn-north-1.console.amazonaws.cn/batch/home?region=cn-north-1#jobs'],
  ['us-gov-west-1', 'aws-us-gov', 'https://us-gov-west-1.console.amazonaws-us-gov.com/batch/home?region=us-gov-west-1#jobs'],
  ['eusc-de-east-1', 'aws-eusc', 'https://eusc-de-east-1.console.amazonaws-eusc.eu/batch/home?region=eusc-de-east-1#jobs'],
  ['us-iso-east-1', 'aws-iso', undefined],
  ['us-isob-east-1', 'aws-iso-b', undefined],
  ['eu-isoe-west-1', 'aws-iso-e', undefined],
  ['us-isof-south-1', 'aws-iso-f', undefined],
  ['mars-north-1', 'aws', 'https://mars-north-1.console.aws.amazon.com/batch/home?region=mars-north-1#jobs'],
])('%s is in %s, and has the console of that', (region, partition, url) => {
  expect(partitionOf(region)).toBe(partition);
  expect(consoleUrl(region, 'batch/home#jobs')).toBe(url);
});

test('what is no region has no console: it would choose the host', () => {
  expect(consoleUrl('evil.example/', 'batch/home')).toBeUndefined();
});
